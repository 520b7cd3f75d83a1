# Recipes for working on peerpact. `just` comes from a package manager, from crates.io, or from PyPI as `rust-just`.

# What there is
default:
    @just --list --unsorted

# Every test but those with the Azure CLI and with AMQP peers
test *args:
    cargo test --workspace {{ args }}

# Formatting and clippy, with the sandbox and in the deployed shape, warnings refused
lint:
    cargo fmt --all -- --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo clippy --no-default-features -- -D warnings

# The documentation of every crate, warnings refused
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --workspace

# Places outside the repository, dead links, things left undone
repository:
    .ci/repository

# Format everything
fmt:
    cargo fmt --all

# The main job on a local Azure, as a timeline
demo *args:
    cargo run --release -- demo {{ args }}

# A local Azure for two tenants with both apps, until Ctrl-C
sandbox *args:
    cargo run --release -- sandbox up {{ args }}

# The real Azure CLI against the sandbox; installs the pinned azure-cli into .venv/azcli on first use
az:
    cargo build
    tests/az/run.sh

# Qpid Proton and Microsoft's Service Bus SDK against our client and the sandbox; installs them into .venv/amqp on first use
amqp:
    cargo build
    tests/amqp/run.sh

# Hold the sandbox and the wire types against recorded Azure exchanges; FOLDER has them
recordings folder:
    PEERPACT_RECORDINGS="{{ absolute_path(folder) }}" cargo test -p peerpact-sandbox --test recordings -- --nocapture
    PEERPACT_RECORDINGS="{{ absolute_path(folder) }}" cargo test --test it arm_wire -- --nocapture

# What a partner may do between our calls, at random: so many cases of one seed
explore seed cases="4000":
    PEERPACT_SEED={{ seed }} PEERPACT_CASES={{ cases }} cargo test --test it whatever_the_partner

# Cold start and resident memory of the handler over 20 runs
bench-start:
    cargo bench --bench start

# Requests by queue: how many a second, at what cost, and that memory does not grow with the backlog
bench-queue:
    cargo bench --bench queue

# Licences, sources and banned crates of all dependencies; needs cargo-deny
deny:
    cargo deny check bans licenses sources

# The gate, whole
ci:
    .ci/run
