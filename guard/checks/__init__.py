"""What the guard looks at itself: processes, servers, journals, messages, disks. Figures only; rules judge them."""
