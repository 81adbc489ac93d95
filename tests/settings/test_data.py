from retrain.settings.data import AS_USUAL, DataSettings, Decoding


def test_the_settings_say_how_files_become_images():
    assert DataSettings().decoding == AS_USUAL == Decoding("white", 100.0)
    assert DataSettings(alpha_background="black", max_image_megapixels=7.0).decoding == Decoding("black", 7.0)
