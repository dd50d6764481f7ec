#!/usr/bin/env bash
# Makes the vectors with the real programs. The result is kept in the repository; run this only to add to it:
# data keys, nonces and times are new on every run.
set -euo pipefail
cd "$(dirname "$0")"
peers=${SEALANT_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/sealant-peers}
a=$(sed -n 's/^# public key: //p' identity.txt)
b=$(sed -n 's/^# public key: //p' identity-b.txt)
export SOPS_DISABLE_VERSION_CHECK=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat identity.txt identity-b.txt >"$work/identities.txt"
export SOPS_AGE_KEY_FILE=$work/identities.txt

# make SOPS FOLDER NAME SOURCE RULE...: each RULE is one line of a creation rule
make() {
  local sops=$1 folder=$2 name=$3 source=$4
  shift 4
  { echo 'creation_rules:'; echo '  - path_regex: .*'; printf '    %s\n' "$@"; } >"$work/.sops.yaml"
  cp "source/$source.yaml" "$work/input.yaml"
  (cd "$work" && "$sops" encrypt input.yaml) >"$folder/$name.enc.yaml"
  # 3.13.2 cannot verify its own encrypted list comments; 3.11.0 can
  "$sops" decrypt "$folder/$name.enc.yaml" >"$folder/$name.plain.yaml" 2>/dev/null ||
    "$peers/py/bin/sops" decrypt "$folder/$name.enc.yaml" >"$folder/$name.plain.yaml"
}

for release in 3.13.2 3.11.0; do
  sops=$peers/bin/sops
  [ "$release" = 3.11.0 ] && sops=$peers/py/bin/sops
  to=sops-$release
  for source in types comments list-comments several times; do
    make "$sops" "$to" "$source" "$source" "age: $a"
  done
  make "$sops" "$to" select-default select "age: $a"
  make "$sops" "$to" select-unencrypted-suffix select "age: $a" "unencrypted_suffix: _plain"
  make "$sops" "$to" select-encrypted-suffix select "age: $a" "encrypted_suffix: _enc"
  make "$sops" "$to" select-unencrypted-regex select "age: $a" "unencrypted_regex: ^(host|number)$"
  make "$sops" "$to" select-encrypted-regex select "age: $a" "encrypted_regex: ^(password|list)$"
  make "$sops" "$to" select-unencrypted-comment-regex select "age: $a" "unencrypted_comment_regex: 'public:'"
  make "$sops" "$to" select-encrypted-comment-regex select "age: $a" "encrypted_comment_regex: 'secret:'"
  make "$sops" "$to" mac-only-encrypted select "age: $a" "encrypted_regex: ^password$" "mac_only_encrypted: true"
  make "$sops" "$to" mac-only-encrypted-default select "age: $a" "mac_only_encrypted: true"
  make "$sops" "$to" several-mac-only several "age: $a" "encrypted_regex: ^a$" "mac_only_encrypted: true"
  make "$sops" "$to" two-recipients select "age: $b,$a"
  make "$sops" "$to" shamir-2-of-2 select "key_groups:" "  - age: [$a]" "  - age: [$b]" "shamir_threshold: 2"
  make "$sops" "$to" shamir-2-of-3 select "key_groups:" "  - age: [$a]" "  - age: [$b]" "  - age: [$a, $b]" "shamir_threshold: 2"
done

# Shapes of the metadata that other releases wrote, and that people make by hand: 3.11.0 writes, shapes.py edits,
# both releases must still open the result (3.13.2 alone for the names in other cases).
make "$peers/py/bin/sops" "$work" base select "age: $a"
python3 shapes.py "$work/base.enc.yaml" shapes
for file in shapes/*.enc.yaml; do
  plain=${file%.enc.yaml}.plain.yaml
  "$peers/bin/sops" decrypt "$file" >"$plain"
  case $file in *-3.13.*) continue ;; esac
  "$peers/py/bin/sops" decrypt "$file" | cmp - "$plain"
done
