#!/bin/bash
# Short links: /docs leads to a page elsewhere, / lists them all, anything else is not found.
declare -A links=([docs]=https://example.com/documentation [shop]=https://example.com/shop)

name=${PATH_INFO#/}
if [ -z "$name" ]; then
  printf 'Content-Type: text/plain; charset=utf-8\n\n'
  for name in "${!links[@]}"; do echo "/$name -> ${links[$name]}"; done
elif [ -n "${links[$name]}" ]; then
  printf 'Location: %s\n\n' "${links[$name]}"
else
  printf 'Status: 404 Not Found\nContent-Type: text/plain; charset=utf-8\n\nThere is no link called %s.\n' "$name"
fi
