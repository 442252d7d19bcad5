"""The section `fetch` of params.yaml."""

from pydantic import Field

from digits.params import Section


class Fetch(Section, section="fetch"):
    """Where the digits come from, and what they must be."""

    source: str = Field(min_length=1, description="'auto', an .npz file, or a folder of IDX files")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of the content, however packed")
