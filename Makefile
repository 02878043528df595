# The two commands that a newcomer needs are `make run` and `make test`.

.PHONY: run test fuzz lint doc server

run: ## install what is missing, build the release, open the app
	scripts/setup run
	cargo run --release --locked -- $(ARGS)

test: ## install what the tests need, and run all of them
	scripts/setup test
	scripts/test

fuzz: ## fuzz the parsers longer than `make test` does (SECONDS_EACH=60)
	scripts/setup test
	scripts/fuzz $(or $(SECONDS_EACH),60)

lint: ## formatting and lints, all features and the server alone
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --no-default-features --features server -- -D warnings

doc: ## the API documentation
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items

server: ## the server alone, without sound and graphics libraries
	scripts/setup server
	cargo build --release --locked --no-default-features --features server
