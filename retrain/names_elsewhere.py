"""What other trainers call our settings and heads, for whoever types it: only to tell the name that is meant.

From the flags of Keras' and PyTorch's example scripts, timm, the Trainer of transformers, Ultralytics and
fastai.
"""

import re
from collections.abc import Collection

from retrain.extensions import nearest

NAMES = {
    "image_dir": "data data_dir data_path dataset dataset_dir dataset_path folder images input_dir root "
    "train_dir",
    "model_dir": "exp_dir job_dir log_dir logdir out out_dir output_dir output_path project resume "
    "resume_from_checkpoint run_dir save_dir workdir",
    "tfhub_module": "arch backbone base_model hub_module model model_name_or_path module pretrained weights",
    "export_formats": "export format formats",
    "validation_percentage": "val_percent val_ratio val_size val_split valid_pct validation_ratio "
    "validation_size",
    "testing_percentage": "test_ratio test_size test_split",
    "learning_rate": "lr",
    "train_epochs": "epochs n_epochs nb_epochs num_epochs num_train_epochs",
    "max_steps": "num_steps steps train_steps training_steps",
    "batch_size": "batch bs per_device_train_batch_size",
    "image_size": "crop_size img_size imgsz input_size resolution",
    "dropout_rate": "drop drop_rate dropout",
    "weight_decay": "wd",
    "label_smoothing": "label_smoothing_factor smoothing",
    "l2_regularizer": "l2 l2_reg",
    "warmup_steps": "warmup warmup_epochs warmup_ratio",
    "early_stopping_patience": "patience",
    "gradient_clip_norm": "clip_grad clip_grad_norm clipnorm grad_clip max_grad_norm",
    "optimizer": "opt optim",
    "mixed_precision": "amp bf16 fp16",
    "fine_tune": "finetune fine_tuning train_base unfreeze",
    "flip_left_right": "fliplr hflip",
    "augment": "aa auto_augment augmentation",
    "class_weights": "class_weight",
    "labels_file": "annotations csv csv_file labels labels_csv",
    "label_map": "class_names classes labels_path",
    "tracker": "report_to",
    "seed": "random_seed random_state",
    "top_k": "topk",
    "path_column": "file_column filename_column image_col image_column path_col x_col",
    "tasks": "label_col label_column target target_col target_column y_col",
    "folds": "cv k_fold k_folds kfold n_folds n_splits num_folds",
}
HEADS = {
    "softmax": "binary categorical cross_entropy multi_class multiclass single_label",
    "sigmoid": "bce multi_label multilabel",
}
MEANT = {name: ours for ours, names in {**NAMES, **HEADS}.items() for name in names.split()}
# What no one setting says, by what is called so elsewhere.
ADVICE = {
    "eval_dir eval_path test_dir test_path testing_dir val_dir val_path valid_dir validation_dir": "folders "
    "named train, validation and test in --image_dir are the splits.",
    "class_num classes_num n_classes nb_classes num_class num_classes num_labels": "the class folders in "
    "--image_dir, or the labels in --labels_file, say how many there are.",
    "multi_label multilabel": "--head=sigmoid gives an image any number of classes, and "
    "--tasks=COLUMN:sigmoid any number of the labels in that column of a table.",
    "cuda cuda_visible_devices device devices gpu gpu_id gpu_ids gpus no_cuda num_gpus": "the GPUs that "
    "TensorFlow finds are used; the environment variable CUDA_VISIBLE_DEVICES says which (-1: none).",
    "dataloader_num_workers j n_jobs nproc num_workers threads workers": "all CPU cores are used, without "
    "a word.",
    "delimiter sep": "what stands between the cells of a table is found out; --label_separator says what "
    "stands between the labels in one.",
    "encoding": "the encoding of a table is found out; where it is not, save the table as UTF-8.",
}
SENTENCES = {name: sentence for names, sentence in ADVICE.items() for name in names.split()}
FLAG = re.compile(r"--(\w+)")


def meant_by(name: str, known: Collection[str]) -> str | None:
    """Which of the known names was probably meant; None when nothing is close."""
    elsewhere = MEANT.get(_plain(name))
    if elsewhere is None:
        return nearest(name, known)
    return elsewhere if elsewhere in known else None


def advice_on(name: str, known: Collection[str]) -> str | None:
    """What to do instead, where no one name was meant, in words of flags that are known."""
    sentence = SENTENCES.get(_plain(name))
    return sentence if sentence and {*FLAG.findall(sentence)} <= {*known} else None


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
