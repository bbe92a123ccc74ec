# %% [markdown]
"""
# Sandpit

Text.
"""

# %%
print("sandpit")
