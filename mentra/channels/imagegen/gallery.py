"""The channels of pictures."""

import base64

from mentra.channels.imagegen.section import ImageGenSettings
from mentra.errors import Refused
from mentra.extension import Answer, handler
from mentra.interfaces.images import IImageFiles, IImageStore
from mentra.interfaces.messaging import IContext
from mentra.messages.channels import PATH, Reply
from mentra.messages.channels.imagegen import DeleteImage, GetImage, ListImages, UpdateImage
from mentra.messages.channels.images import UNKNOWN_IMAGE, ImageData
from mentra.pictures import type_of


@handler(PATH, ListImages)
async def imagegen_list_images(message: ListImages, context: IContext) -> Answer:
    """What fits."""
    page = await IImageStore(context.services).gallery(context.session.user_id, message)
    return Reply(payload=page)


@handler(PATH, GetImage)
async def imagegen_get_image(message: GetImage, context: IContext) -> Answer:
    """Its bytes."""
    found = await IImageStore(context.services).file_of(context.session.user_id, message.id)
    if found is None:
        raise Refused("NOT_FOUND", UNKNOWN_IMAGE)
    image, file = found
    most = context.services.settings(ImageGenSettings).max_shown
    if image.size > most:
        raise Refused("TOO_LARGE", f"the picture has more than {most} bytes; it is {image.path}")
    content = await IImageFiles(context.services).read(file)
    if content is None:
        raise Refused("NOT_FOUND", "the picture's file is gone")
    return Reply(
        payload=ImageData(
            id=image.id,
            filename=image.filename,
            content_type=type_of(content) or "application/octet-stream",
            data=base64.b64encode(content).decode(),
        )
    )


@handler(PATH, UpdateImage)
async def imagegen_update_image(message: UpdateImage, context: IContext) -> Answer:
    """What the person thinks of it."""
    changed = await IImageStore(context.services).change_image(context.session.user_id, message)
    return Reply(payload=changed)


@handler(PATH, DeleteImage)
async def imagegen_delete_image(message: DeleteImage, context: IContext) -> Answer:
    """Forget it, and its file."""
    store = IImageStore(context.services)
    file = await store.remove_image(context.session.user_id, message.id)
    if file is not None:
        await IImageFiles(context.services).remove([file])
    return Reply(payload=file is not None)
