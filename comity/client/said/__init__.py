"""What acts say, for each capability. Written by `make docs` from the desks; do not edit."""
