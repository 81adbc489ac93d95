import pytest

from retrain.modules.sources import like_networks
from retrain.modules.sources.embedded import USUAL
from retrain.modules.sources.like_networks import alternative_to
from retrain.modules.sources.source import check_handle

TF_HUB, KAGGLE = "https://tfhub.dev/", "https://www.kaggle.com/models/"
# As they are, or were, published.
PUBLISHED = {
    TF_HUB + "google/imagenet/mobilenet_v1_025_128/feature_vector/5": "keras:MobileNet",
    TF_HUB + "google/imagenet/mobilenet_v2_100_224/feature_vector/5": "keras:MobileNetV2",
    KAGGLE + "google/mobilenet-v2/tensorFlow2/035-128-feature-vector/2": "keras:MobileNetV2",
    TF_HUB + "google/imagenet/mobilenet_v3_small_100_224/feature_vector/5": "keras:MobileNetV3Small",
    TF_HUB + "google/imagenet/mobilenet_v3_large_075_224/feature_vector/5": "keras:MobileNetV3Large",
    TF_HUB + "tensorflow/efficientnet/b3/feature-vector/1": "keras:EfficientNetB3",
    TF_HUB + "google/imagenet/efficientnet_v2_imagenet21k_ft1k_s/feature_vector/2": "keras:EfficientNetV2S",
    TF_HUB + "google/imagenet/efficientnet_v2_imagenet1k_b0/feature_vector/2": "keras:EfficientNetV2B0",
    KAGGLE + "google/efficientnet-v2/tensorFlow2/imagenet1k-b2-feature-vector": "keras:EfficientNetV2B2",
    TF_HUB + "google/imagenet/efficientnet_v2_imagenet21k_xl/feature_vector/2": "keras:EfficientNetV2S",
    TF_HUB + "google/imagenet/inception_resnet_v2/feature_vector/5": "keras:InceptionResNetV2",
    TF_HUB + "google/imagenet/inception_v3/feature_vector/5": "keras:InceptionV3",
    TF_HUB + "google/imagenet/resnet_v2_152/feature_vector/5": "keras:ResNet152V2",
    TF_HUB + "google/imagenet/resnet_v1_101/feature_vector/5": "keras:ResNet101",
    TF_HUB + "tensorflow/resnet_50/feature_vector/1": "keras:ResNet50",
    TF_HUB + "google/bit/m-r101x1/1": "keras:ResNet101V2",
    "hf://timm/resnet18.a1_in1k": "keras:ResNet50",
    TF_HUB + "google/imagenet/nasnet_mobile/feature_vector/5": "keras:NASNetMobile",
    TF_HUB + "google/imagenet/pnasnet_large/feature_vector/5": "keras:NASNetLarge",
    "hf://timm/densenet121.ra_in1k": "keras:DenseNet121",
    "hf://timm/xception41.tf_in1k": "keras:Xception",
    "keras_hub:vgg_16_imagenet": "keras:VGG16",
    "hf://timm/convnext_tiny.fb_in1k": "keras:ConvNeXtTiny",
}


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.setattr(like_networks, "best", lambda: USUAL)


@pytest.mark.parametrize(("name", "like"), PUBLISHED.items())
def test_a_network_of_the_same_kind(name, like):
    assert alternative_to(name) == f"{like!r} is a network of its kind, and {USUAL!r} needs no download"
    check_handle(like)


@pytest.mark.parametrize(
    "name", ["https://host/flowers.tgz", f"{TF_HUB}tensorflow/efficientnet/lite4/feature-vector/2"]
)
def test_no_other_than_the_one_that_is_here(name):
    assert alternative_to(name) == f"{USUAL!r} needs no download"
