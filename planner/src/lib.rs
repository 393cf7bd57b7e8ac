//! From a goal to checked, simulated and rendered cross-node systemd plans for BlueChi and podman.
