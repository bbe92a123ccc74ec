# %% [markdown]
"""
# York

Text.
"""

# %%
print("york")
