case $1 in
  encrypt) cat >"$4" ;;
  decrypt) cp "$3" "$4" ;;
esac
