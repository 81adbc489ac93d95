#!/bin/sh
# Two workers on this machine, to see what several machines do: sh two_workers.sh FLAGS, those of `train`.
# On two machines each runs one of the two commands, with the machines' names in the place of 127.0.0.1.
cluster='"cluster": {"chief": ["127.0.0.1:2222"], "worker": ["127.0.0.1:2223"]}'
TF_CONFIG="{$cluster, \"task\": {\"type\": \"worker\", \"index\": 0}}" python -m retrain "$@" &
TF_CONFIG="{$cluster, \"task\": {\"type\": \"chief\", \"index\": 0}}" python -m retrain "$@"
status=$?
wait
exit $status
