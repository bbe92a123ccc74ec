# %% [markdown]
"""
# Radius

Text.
"""

# %%
print("radius")
