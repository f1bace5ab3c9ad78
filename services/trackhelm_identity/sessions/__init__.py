"""Sessions of browsers: logging in, logging out, and seeing where else one is logged in."""
