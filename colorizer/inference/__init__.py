"""From a photo to the coloured photo."""
