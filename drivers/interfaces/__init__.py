"""The commands and events of each device class, one file per class, named as XFS4IoT names its interfaces."""
