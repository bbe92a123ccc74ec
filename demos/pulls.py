# %% [markdown]
"""
# Pulls

Text.
"""

# %%
print("pulls")
