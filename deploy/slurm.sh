#!/bin/sh
#SBATCH --job-name=retrain
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
# Four workers: sbatch slurm.sh FLAGS, those of `train`. Where there are GPUs: sbatch --gpus-per-task=1 slurm.sh FLAGS
for attempt in 1 2 3; do
  srun --kill-on-bad-exit=1 python -m retrain "$@" && exit 0
  status=$?
  # Below 128 it is the flags or the data that are at fault; else a worker was lost, and the run goes on.
  [ "$status" -lt 128 ] && exit "$status"
done
exit "$status"
