# %% [markdown]
"""
# Chains

Text.
"""

# %%
print("chains")
