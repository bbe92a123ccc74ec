# %% [markdown]
"""
# Chunks

Text.
"""

# %%
print("chunks")
