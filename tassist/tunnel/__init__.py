"""Ways from the Internet to this machine: ngrok opened here, an agent that is running, and the gate that lets only the hook in."""
