from retrain.image_names import are_images, looks_like_image


def test_a_name_of_an_image_ends_so_or_is_a_files(tree):
    photos = tree(["cats/1.jpg", "2", "notes.txt"])
    assert all(looks_like_image(name, photos) for name in ("gone.PNG", "cats/1", "2", "notes.txt"))
    assert not any(looks_like_image(name, photos) for name in ("gone", "cats", "1", "notes"))


def test_all_of_them_are_images(tree):
    photos = tree(["cats/1.jpg", "2.jpg"])
    assert are_images(["a.jpg", "b.png"], photos)
    assert are_images(["cats/1", "2"], photos)
    assert are_images({"cats/1": "cat", "2": "dog"}, photos)
    for others in ([], ["a.jpg", "b"], ["a.jpg", 3], ["cats/1", "cat"]):
        assert not are_images(others, photos)
