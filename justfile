# The steps of a working day; `.ci/run` is what a change must pass.

# List the recipes.
default:
    @just --list

# Compile and lint, quickly.
check:
    cargo fmt --all --check
    cargo clippy --release --all-targets -- -D warnings

# All tests, or those whose name contains FILTER.
test FILTER="":
    cargo test --release {{ FILTER }}

# Every bench once, without measuring.
bench-quick:
    cargo bench --locked -- --test

# The documentation, as strict as in CI.
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --release --no-deps

# Everything.
ci:
    .ci/run
