"""What a result tells: alternatives, uncertainty, segments, planes and palettes."""
