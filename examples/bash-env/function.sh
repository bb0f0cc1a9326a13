echo "Hello from bash ${BASH_VERSION%%.*}! This is what I know of your request:"
env | grep ^Http_ | sort
