"""What other trainers call our settings, for whoever types it: only to tell the name that is meant.

From the flags of Keras' and PyTorch's example scripts, timm, the Trainer of transformers, Ultralytics and
fastai.
"""

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
}
MEANT = {name: setting for setting, names in NAMES.items() for name in names.split()}


def meant_by(name: str, known: Collection[str]) -> str | None:
    """Which of the known names was probably meant; None when nothing is close."""
    elsewhere = MEANT.get(name.lower().replace("-", "_"))
    return elsewhere if elsewhere in known else nearest(name, known)
