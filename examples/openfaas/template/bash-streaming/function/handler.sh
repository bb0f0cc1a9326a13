name=$(cat)
printf 'Hello, %s!\n' "${name:-bash}"
