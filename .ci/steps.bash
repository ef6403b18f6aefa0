# Sourced by run and nightly: `step COMMAND...` runs one step and goes on if it fails, `report` ends the run.

failed=()

step() {
    local started=$SECONDS
    printf '\n== %s\n' "$*"
    if "$@"; then
        echo "-- passed, $((SECONDS - started)) s"
    else
        echo "-- FAILED, $((SECONDS - started)) s"
        failed+=("$*")
    fi
}

report() {
    if [ ${#failed[@]} -gt 0 ]; then
        printf 'FAILED: %s\n' "${failed[@]}"
        exit 1
    fi
    echo "all steps passed in $SECONDS s"
}
