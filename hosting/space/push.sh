#!/usr/bin/env bash
# Pushes this project to a Hugging Face Space, as one commit: bash hosting/space/push.sh USER/SPACE
#
# Make the Space first (huggingface.co/new-space, Docker, blank), and have git know a token with write access to it.
# `--remote URL` pushes elsewhere, `--keep FOLDER` leaves what is pushed in a folder to look at.
set -euo pipefail
cd "$(dirname "$0")/../.."

remote="" keep="" space=""
while [ $# -gt 0 ]; do
  case "$1" in
    --remote) remote="$2"; shift 2 ;;
    --keep) keep="$2"; shift 2 ;;
    *) space="$1"; shift ;;
  esac
done
if [ -z "$space" ] && [ -z "$remote" ]; then echo "Name the Space: bash hosting/space/push.sh USER/SPACE" >&2; exit 2; fi
remote="${remote:-https://huggingface.co/spaces/$space}"

folder="${keep:-$(mktemp -d)}"
if [ -z "$keep" ]; then trap 'rm -rf "$folder"' EXIT; fi
mkdir -p "$folder"
git archive HEAD app.py colorizer pages recipes weights .streamlit requirements.txt LICENSE docs/colorize.png \
  hosting/requirements-app.txt hosting/slim_packages.py Dockerfile .dockerignore | tar -x -C "$folder"
cp hosting/space/README.md "$folder/README.md"
# A Space builds one Dockerfile: the project's own, followed by what hosting/space/Dockerfile adds to it.
grep -v '^FROM\|^#' hosting/space/Dockerfile >> "$folder/Dockerfile"

cd "$folder"
git init --quiet --initial-branch main
if git lfs version >/dev/null 2>&1; then  # a Space keeps binary files in large-file storage
  git lfs install --local >/dev/null
  git lfs track "*.safetensors" "*.png" "*.jpg" >/dev/null
fi
git add --all
git -c user.name=Colorizer -c user.email=colorizer@localhost commit --quiet --message "Colorizer"
git push --quiet --force "$remote" main
echo "Pushed to $remote; the Space builds now, which takes some minutes."
