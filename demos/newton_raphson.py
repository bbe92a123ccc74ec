# %% [markdown]
"""
# Newton raphson

Text.
"""

# %%
print("newton_raphson")
