# %% [markdown]
"""
# Two variables

Text.
"""

# %%
print("two_variables")
