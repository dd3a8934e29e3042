# Other names for the commands; nothing needs make.
.PHONY: run test check bench

run:
	python3 -m server

test:
	python3 -m tests

check:
	python3 -m tests.static_checks

bench:
	python3 -m bench
