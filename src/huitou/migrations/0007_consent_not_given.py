from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("huitou", "0006_write_key_classes"),
    ]

    operations = [
        migrations.AlterField(
            model_name='consent',
            name='granted',
            field=models.BooleanField(null=True),
        ),
        migrations.AddField(
            model_name='consent',
            name='asked',
            field=models.TextField(db_default='', default=''),
        ),
    ]
