# The habits of the project. `just` lists them.

default:
    @just --list

# All that has to hold before a merge
ci:
    .ci/run

# Format
fmt:
    cargo fmt

# Lint
lint:
    cargo clippy --all-targets --locked -- -D warnings

# Test
test *ARGS:
    cargo test --locked {{ARGS}}

# Test, the long forms too
test-long:
    TEKTON_BUDGET_ROUNDS=50 TEKTON_BUDGET_CASES=2000 TEKTON_BUDGET_SEEDS=500 LOOKUP_KILLS=100 cargo test --release --locked

# Write the contracts of the tools
contracts:
    cargo run --locked -- tools export tools

# Measure
bench *ARGS:
    cargo bench --locked {{ARGS}}

# Look at what comes in as a dependency
deny:
    cargo deny --locked check bans licenses sources

# The main job, from end to end
demo *DIR:
    cargo run --locked --example first_five_minutes -- {{DIR}}

# The interface of the crate
doc:
    cargo doc --no-deps --document-private-items --locked
