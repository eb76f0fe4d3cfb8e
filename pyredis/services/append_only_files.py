"""
The directory of the append-only file: its manifest and the files it names.

Every change of the manifest is made on a copy, which takes the old one's place
when it is on the disk: a crash at any moment leaves a manifest that is right,
and at worst a file that nothing names.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from pyredis.persistence.aof_manifest import (
    MANIFEST_SUFFIX,
    TEMPORARY_PREFIX,
    Manifest,
    ManifestError,
    parse_manifest,
    temporary_increment_name,
)
from pyredis.persistence.aof_writer import AofWriter

if TYPE_CHECKING:
    from pyredis.services.files import Files

_MANIFEST_MAX = 1 << 24


class AppendOnlyError(Exception):
    """Something of the append-only file cannot be done; why is in the log already."""


class AppendOnlyFiles:
    """
    The files of one server's append-only file.

    Args:
        settings: The configuration: ``dir``, ``appenddirname``, ``appendfilename``.
        files: The file system.

    Attributes:
        manifest: What there is.
    """

    _log = Logger()

    def __init__(self, settings: Any, files: Files) -> None:
        self._settings = settings
        self._files = files
        self.manifest = Manifest()

    # Where things are

    @property
    def stem(self) -> str:
        """What the names of all files begin with."""
        name: str = self._settings.appendfilename
        return name

    @property
    def directory(self) -> str:
        """The path of the directory."""
        return self.outer_path(self._settings.appenddirname)

    def path(self, name: str) -> str:
        """Return the path of one of the files."""
        return os.path.join(self.directory, name)

    def outer_path(self, name: str) -> str:
        """Return the path of a file that is beside the directory."""
        directory: str = self._settings.dir
        return os.path.join(directory, name)

    # Reading what there is

    def read_manifest(self) -> None:
        """
        Find out what there is; nothing, where there is no manifest.

        Raises:
            AppendOnlyError: It cannot be read, or is wrong.
        """
        self.manifest = Manifest()
        path = self.path(self.stem + MANIFEST_SUFFIX)
        if not self._files.exists(path):
            return
        try:
            data = self._files.read_all(path, _MANIFEST_MAX)
        except OSError as error:
            self._log.warn(
                "Fatal error: can't open the AOF manifest file {path} for reading: {why}",
                path=path,
                why=error.strerror,
            )
            raise AppendOnlyError from None
        try:
            self.manifest = parse_manifest(data)
        except ManifestError as error:
            self._log.warn("*** FATAL AOF MANIFEST FILE ERROR ***")
            if error.line is not None:
                self._log.warn("Reading the manifest file, at line {line}", line=error.number)
                self._log.warn(">>> '{line}'", line=error.line.decode("utf-8", "backslashreplace"))
            self._log.warn("{why}", why=str(error))
            raise AppendOnlyError from None

    def sizes(self) -> dict[str, int]:
        """
        Return how large each file is that is to be loaded.

        Raises:
            AppendOnlyError: One is missing.
        """
        return {part.name: self._existing_size(part.name) for part in self.manifest.parts}

    def size_of(self, name: str) -> int:
        """Return how large a file is, 0 if that cannot be told."""
        try:
            return self._existing_size(name)
        except AppendOnlyError:
            return 0

    def _existing_size(self, name: str) -> int:
        try:
            return self._files.size(self.path(name))
        except OSError as error:
            self._log.warn(
                "Unable to obtain the AOF file {name} length. stat: {why}",
                name=name,
                why=error.strerror,
            )
            raise AppendOnlyError from None

    def upgrade(self) -> None:
        """
        Move the single file of a server before 7.0 into the directory, if there is one.

        Raises:
            AppendOnlyError: It cannot be moved.
        """
        old, stem = self.outer_path(self.stem), self.stem
        base = self.manifest.base
        began_before = base is not None and base.name == stem
        if (
            not self._files.exists(old)
            or self.manifest.increments
            or (base is not None and not began_before)
            or (began_before and self._files.exists(self.path(stem)))
        ):
            return
        self.make_directory()
        self.manifest.adopt_base(stem)
        self.keep(self.manifest)
        try:
            self._files.rename(old, self.path(stem))
        except OSError as error:
            self._log.warn(
                "Error trying to move the old AOF file {stem} into dir {directory}: {why}",
                stem=stem,
                directory=self._settings.appenddirname,
                why=error.strerror,
            )
            raise AppendOnlyError from None
        self._log.info(
            "Successfully migrated an old-style AOF file ({stem}) into the AOF directory "
            "({directory}).",
            stem=stem,
            directory=self._settings.appenddirname,
        )

    # Changing what there is

    def make_directory(self) -> None:
        """
        Make the directory unless it is there.

        Raises:
            AppendOnlyError: It cannot be made.
        """
        try:
            self._files.make_directory(self.directory)
        except OSError as error:
            self._log.warn(
                "Can't open or create append-only dir {directory}: {why}",
                directory=self._settings.appenddirname,
                why=error.strerror,
            )
            raise AppendOnlyError from None

    def keep(self, manifest: Manifest) -> None:
        """
        Let a manifest be the one that holds, on the disk first.

        Raises:
            AppendOnlyError: It cannot be written; the one before holds on.
        """
        if manifest.is_changed:
            self._write_manifest(manifest.to_bytes())
            manifest.is_changed = False
        self.manifest = manifest

    def _write_manifest(self, text: bytes) -> None:
        name = self.stem + MANIFEST_SUFFIX
        path, temporary = self.path(name), self.path(TEMPORARY_PREFIX + name)
        doing = f"Can't open the AOF manifest file {TEMPORARY_PREFIX}{name}"
        try:
            file = self._files.open_to_append(temporary, empty=True)
            try:
                doing = f"Error trying to write the temporary AOF manifest file {temporary}"
                writer = AofWriter(file)
                writer.append(text)
                writer.write()
                doing = f"Fail to fsync the temp AOF file {temporary}"
                writer.sync()
            finally:
                file.close()
            doing = f"Error trying to rename the temporary AOF manifest file {temporary}"
            self._files.rename(temporary, path)
            doing = f"Fail to fsync AOF directory {self.directory}"
            self._files.sync_directory(self.directory)
        except OSError as error:
            self._log.warn("{doing}: {why}", doing=doing, why=error.strerror)
            raise AppendOnlyError from None

    def open_last_increment(self) -> AofWriter:
        """
        Open the file to go on with, made if there is none.

        Raises:
            AppendOnlyError: It cannot be opened.
        """
        manifest = self.manifest.copy()
        known = bool(manifest.increments)
        part = manifest.increments[-1] if known else manifest.new_increment(self.stem)
        writer = self._open(part.name, empty=False)
        self.keep(manifest)
        self._log.info(
            "{doing} AOF incr file {name} on server start",
            doing="Opening" if known else "Creating",
            name=part.name,
        )
        return writer

    def open_next_increment(self) -> AofWriter:
        """
        Make the file to go on with while a rewrite runs.

        Raises:
            AppendOnlyError: It cannot be made.
        """
        manifest = self.manifest.copy()
        part = manifest.new_increment(self.stem)
        writer = self._open(part.name, empty=True)
        try:
            self.keep(manifest)
        except AppendOnlyError:
            writer.close()
            raise
        self._log.info("Creating AOF incr file {name} on background rewrite", name=part.name)
        return writer

    def open_temporary_increment(self) -> AofWriter:
        """
        Make the file that gathers what is done while the first base is written.

        Raises:
            AppendOnlyError: It cannot be made.
        """
        name = temporary_increment_name(self.stem)
        writer = self._open(name, empty=True)
        self._log.info("Creating AOF incr file {name} on background rewrite", name=name)
        return writer

    def _open(self, name: str, *, empty: bool) -> AofWriter:
        path = self.path(name)
        try:
            file = self._files.open_to_append(path, empty=empty)
            return AofWriter(file, 0 if empty else self._files.size(path))
        except OSError as error:
            self._log.warn(
                "Can't open the append-only file {name}: {why}", name=name, why=error.strerror
            )
            raise AppendOnlyError from None

    def take_base(self, temporary: str, *, as_rdb: bool, is_on: bool, was_temporary: bool) -> str:
        """
        Let a base that was written be the one that holds, and retire what it replaces.

        Args:
            temporary: The path it was written to.
            as_rdb: Whether it is a snapshot.
            is_on: Whether the last increment is being written to.
            was_temporary: Whether that has no number yet.

        Returns:
            Its name.

        Raises:
            AppendOnlyError: It cannot; what held before holds on.
        """
        manifest = self.manifest.copy()
        base = manifest.new_base(self.stem, as_rdb=as_rdb)
        self._move(temporary, base.name, "base")
        moved = [base.name]
        try:
            if was_temporary:
                increment = manifest.new_increment(self.stem)
                name = temporary_increment_name(self.stem)
                self._move(self.path(name), increment.name, "incr")
                moved.append(increment.name)
            manifest.retire_increments(keep_last=is_on)
            self.keep(manifest)
        except AppendOnlyError:
            for name in moved:
                self.remove(self.path(name))
            raise
        return base.name

    def _move(self, temporary: str, name: str, kind: str) -> None:
        try:
            self._files.rename(temporary, self.path(name))
        except OSError as error:
            self._log.warn(
                "Error trying to rename the temporary AOF {kind} file {old} into {new}: {why}",
                kind=kind,
                old=temporary,
                new=self.path(name),
                why=error.strerror,
            )
            raise AppendOnlyError from None
        self._log.info(
            "Successfully renamed the temporary AOF {kind} file {old} into {new}",
            kind=kind,
            old=os.path.basename(temporary),
            new=name,
        )

    def remove_history(self) -> None:
        """Remove what is superfluous; what cannot be removed or noted is left for the next time."""
        manifest = self.manifest.copy()
        if self._settings.aof_disable_auto_gc or not manifest.history:
            return
        for part in manifest.history:
            self._log.info("Removing the history file {name} in the background", name=part.name)
            self.remove(self.path(part.name))
        manifest.forget_history()
        try:
            self.keep(manifest)
        except AppendOnlyError:
            self.manifest = manifest  # they are gone, and gone is what they may be

    def remove_temporary_increment(self) -> None:
        """Remove what was gathered for a base that was not written."""
        name = temporary_increment_name(self.stem)
        self._log.info("Removing the temp incr aof file {name} in the background", name=name)
        self.remove(self.path(name))

    def remove(self, path: str) -> None:
        """Remove a file, or tell the operator that it is left."""
        try:
            self._files.remove(path)
        except OSError as error:
            self._log.warn("Can't remove {path}: {why}", path=path, why=error.strerror)
