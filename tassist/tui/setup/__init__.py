"""The installer with screens: one view for each move of the flow, and the face that shows them."""
