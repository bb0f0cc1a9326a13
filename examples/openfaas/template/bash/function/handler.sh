name=$(cat)
printf 'Content-Type: text/plain\n\nHello, %s!\n' "${name:-bash}"
