"""What every room may use: atomic files, seeds, pools of workers, signals."""
