#!/usr/bin/env bash
# Builds the image for both architectures from dist/TARGET/triton, and pushes it:
# image.sh IMAGE VERSION COMMIT REPOSITORY
# Writes the digest of the whole to dist/image-digest.
set -euo pipefail
image=$1 version=$2 commit=$3 repository=$4
parts=()
for platform in amd64:x86_64 arm64:aarch64; do
  docker buildx build --platform "linux/${platform%:*}" --file examples/deploy/Dockerfile \
    --build-arg "BINARY=dist/${platform#*:}-unknown-linux-gnu/triton" \
    --build-arg "VERSION=$version" --build-arg "COMMIT=$commit" \
    --build-arg "SOURCE=https://github.com/$repository" \
    --output "type=image,name=$image,push-by-digest=true,name-canonical=true,push=true" \
    --metadata-file dist/image-metadata.json .
  digest=$(grep -o '"containerimage.digest": *"sha256:[0-9a-f]*"' dist/image-metadata.json | grep -o 'sha256:[0-9a-f]*')
  parts+=("$image@$digest")
done
docker buildx imagetools create --tag "$image:$version" --tag "$image:latest" "${parts[@]}"
docker buildx imagetools inspect "$image:$version" --format '{{.Manifest.Digest}}' >dist/image-digest
