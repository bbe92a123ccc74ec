# %% [markdown]
"""
# Undetermined

Text.
"""

# %%
print("undetermined")
