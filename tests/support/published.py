"""Figures that others published, and ours are held against."""

PUBLISHED = {
    "horse-16-cnn": (1.504, 0.405), "horse-32-cnn": (2.029, 0.278), "cat-16-cnn": (1.249, 0.533),
    "cat-32-cnn": (1.861, 0.345), "horse-16-unet": (1.270, 0.508), "horse-32-unet": (1.909, 0.325),
    "cat-16-unet": (1.152, 0.565), "cat-32-unet": (1.762, 0.369),
}  # fmt: skip
"""Mean cross-entropy over pixels and pixel accuracy of the CIFAR-10 project's own published weights, on the 1,000 test
pictures of the class, measured here on the same pictures."""
