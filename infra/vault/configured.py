"""The vault as the settings want it."""

from infra.settings import Settings
from infra.vault.master_key import MasterKey, load_master_key
from infra.vault.vault import Vault


def configured_vault(settings: Settings, master_key: MasterKey | None = None) -> Vault:
    """Return the vault under the deployment's master key. Raises MasterKeyFailure."""
    return Vault(master_key or load_master_key(settings), algorithm=settings.vault_cipher)
