arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    -o | -g) shift 2 ;;
    *) arguments+=("$1"); shift ;;
  esac
done
exec /usr/bin/install "${arguments[@]}"
