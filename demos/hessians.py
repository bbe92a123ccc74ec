# %% [markdown]
"""
# Hessians

Text.
"""

# %%
print("hessians")
