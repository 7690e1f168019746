"""One function a verb, used by every face of the product alike."""
