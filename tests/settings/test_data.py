from retrain.settings.data import AS_USUAL, DataSettings, Decoding


def test_the_settings_say_how_files_become_images():
    assert DataSettings().decoding == AS_USUAL == Decoding("white", 100.0, False)
    assert DataSettings(alpha_background="black", max_image_megapixels=7.0).decoding == Decoding("black", 7.0)
    assert [DataSettings(antialias=said).decoding.antialias for said in ("on", "off")] == [True, False]


def test_features_that_earlier_versions_kept_are_found():
    """They knew nothing of antialias, and did without."""
    assert Decoding("black", 7.0).key == {"background": "black", "max_megapixels": 7.0}
    assert Decoding(antialias=True).key == {"background": "white", "max_megapixels": 100.0, "antialias": True}
