# %% [markdown]
"""
# Heart

Text.
"""

# %%
print("heart")
