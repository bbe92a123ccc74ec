# %% [markdown]
"""
# Heights

Text.
"""

# %%
print("heights")
