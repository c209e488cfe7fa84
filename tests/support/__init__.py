"""What tests share. The folder of the project is here; no test module imports another."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app.py"
RECIPES = ROOT / "recipes"
