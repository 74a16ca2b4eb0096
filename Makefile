# Every target is a plain command that you can type yourself after `. .venv/bin/activate`.
#   INVENTORY=inventories/campus   another lab than the one ansible.cfg names
#   ARGS='--limit mul -v'          more arguments for ansible-playbook or pytest

INVENTORY ?=
ARGS ?=
EMBEDDED = $(filter inventories/embedded,$(patsubst %/,%,$(or $(INVENTORY),inventories/embedded)))
PLAYBOOK = ansible-playbook $(if $(INVENTORY),-i $(INVENTORY))

export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Ansible refuses to start in a locale that is not UTF-8 or that this machine has not generated.
export LC_ALL := C.UTF-8
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help announce announce-site announce-virtualbox bootstrap bootstrap-tests lab lab-virtualbox site plan evidence destroy reset check test test-full lint clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

lab: announce bootstrap ## build everything and prove it: tools, cloud, guest image, topology, a request from outside
	$(PLAYBOOK) playbooks/lab.yml $(ARGS)

lab-virtualbox: announce-virtualbox bootstrap ## build sections 2.1 to 2.4 and prove them: a virtual machine on VirtualBox, and its duplicate
	$(PLAYBOOK) playbooks/virtualbox_duplication.yml $(ARGS)

site: announce announce-site bootstrap ## show every section of the report that this machine can
	$(PLAYBOOK) playbooks/site.yml $(ARGS)

plan: bootstrap ## show what `make lab` would change in the topology, and change nothing
	$(PLAYBOOK) playbooks/openstack_client_topology.yml --check --diff $(ARGS)

evidence: bootstrap ## show what has become of each claim of the report, in this lab or in those of many groups
	$(PLAYBOOK) playbooks/evidence.yml $(ARGS)

reset: bootstrap ## bring the lab back to its declared state as fast as possible
	$(PLAYBOOK) playbooks/reset.yml $(ARGS)

destroy: bootstrap ## remove the lab; what it does not own stays
	$(PLAYBOOK) playbooks/destroy.yml $(ARGS)

check: bootstrap ## lint and unit tests only: no cloud, two to four minutes
	pytest tests/repository tests/unit $(ARGS)

test: bootstrap-tests ## everything that can be checked: lint, unit tests, roles and playbooks on a real cloud
	pytest $(ARGS)

test-full: bootstrap-tests ## `make test` and what takes too long for every run
	pytest -m 'long or not long' $(ARGS)

lint: bootstrap ## lint only
	pytest tests/repository/test_lint.py -v $(ARGS)

clean: ## remove this checkout's caches and its link to the tools; the lab and ~/.cache/cloud-lab stay
	[ ! -L .venv ] || rm .venv
	rm -rf .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -path ./.lab -prune -o -type d -name __pycache__ -exec rm -rf {} +

bootstrap: ## install the tools alone, into .venv
	@scripts/bootstrap

bootstrap-tests:
	@scripts/bootstrap tests

# Whoever has the cloud has read it, or the tools, which are all that a cloud of your own needs.
announce:
	@[ -e $(if $(EMBEDDED),.lab/embedded/clouds.yaml,.venv) ] || printf '%s\n' 'Cloud Lab installs what is missing here and keeps what is there:' \
	  '  1. host packages Ansible needs, and its tools in a virtual environment under ~/.cache/cloud-lab (700 MB)'
	@$(if $(EMBEDDED),[ -e .lab/embedded/clouds.yaml ],true) || printf '%s\n' \
	  '  2. Docker from your distribution, with leave for you to use it: whoever may use Docker can become root' \
	  '  3. a real OpenStack in one container, a guest image, and the topology of servers in it: 6 GiB of memory,' \
	  '     8 GiB of disk, the ports 5000, 8774, 8778, 9292, 9696 and 50000 of the loopback address' \
	  'The first time takes 12 to 20 minutes on two cores without KVM; later one or two. Where sudo asks for a password: ARGS=-K'

announce-site:
	@echo 'All sections take over an hour the first time, and 11 GiB of memory; with less, some are left out and named.'

announce-virtualbox:
	@echo 'Installs what is missing here: packages for Ansible and for building$(if $(EMBEDDED), and Docker (whoever may use it can become root)). The first time takes ten to thirty minutes on two cores, much of it to compile a kernel.'
